import { rollouts } from './behaviours/rollouts.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(rollouts);
