import { deletion } from './behaviours/deletion.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(deletion);
