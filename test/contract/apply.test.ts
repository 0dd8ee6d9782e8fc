import { apply } from './behaviours/apply.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(apply);
