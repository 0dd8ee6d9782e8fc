import { objects } from './behaviours/objects.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(objects);
