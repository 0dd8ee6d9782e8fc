import { subresources } from './behaviours/subresources.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(subresources);
