#!/usr/bin/env node
// Loads nothing before it knows that this Node.js can run it: an older one ends in the SyntaxError of some package.

/** As `engines` in package.json says it. */
const LEAST = { major: 20, minor: 19 };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > LEAST.major || (major === LEAST.major && minor >= LEAST.minor)) {
  await import('./cli/main.js');
} else {
  const least = `${LEAST.major}.${LEAST.minor}`;
  process.stderr.write(`sluice: needs Node.js ${least} or later, and this is ${process.versions.node}\n`);
  process.exitCode = 1;
}
