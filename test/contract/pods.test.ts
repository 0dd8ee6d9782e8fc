import { pods } from './behaviours/pods.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(pods);
