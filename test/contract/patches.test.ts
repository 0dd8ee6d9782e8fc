import { patches } from './behaviours/patches.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(patches);
