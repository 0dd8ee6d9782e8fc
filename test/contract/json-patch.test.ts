import { jsonPatches } from './behaviours/json-patch.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(jsonPatches);
