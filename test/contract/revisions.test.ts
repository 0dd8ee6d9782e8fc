import { revisions } from './behaviours/revisions.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(revisions);
