import { generation } from './behaviours/generation.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(generation);
