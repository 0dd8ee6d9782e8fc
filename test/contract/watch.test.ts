import { watch } from './behaviours/watch.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(watch);
