import { namespaces } from './behaviours/namespaces.ts';
import { holdOnBothServers } from './hold.ts';

holdOnBothServers(namespaces);
