import { proveInTap } from './proveInTap.js';

await proveInTap('mysql');
