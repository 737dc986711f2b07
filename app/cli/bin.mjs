#!/usr/bin/env node
// The command of a checkout: TypeScript is run as it stands, so it works right after `npm ci`.
import { register } from 'tsx/esm/api';

register();
const { commandLine } = await import('./main.ts');
await commandLine();
