import { selection } from './behaviours/selection.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(selection);
