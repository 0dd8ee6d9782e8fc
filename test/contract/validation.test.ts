import { validation } from './behaviours/validation.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(validation);
