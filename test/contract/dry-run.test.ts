import { dryRun } from './behaviours/dry-run.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(dryRun);
