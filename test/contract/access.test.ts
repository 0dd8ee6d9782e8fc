import { access } from './behaviours/access.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(access);
