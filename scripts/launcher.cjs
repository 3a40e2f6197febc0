#!/usr/bin/env node
'use strict';
/**
 * Starts the command from its bundle, with the code that V8 has compiled before: scripts/build.ts puts this in dist/cli as
 * main.js. Node 20 has no compile cache of its own. Another version of Node than the one that built it rejects the cached
 * code, and compiles.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, 'platter.js');
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData: cachedCode(),
});
script.runInThisContext()(require, (specifier) => import(specifier));
module.exports = script;

function cachedCode() {
  try {
    return readFileSync(`${filename}.cache`);
  } catch {
    return undefined;
  }
}
