/** Of whatever a tool prints a part may get lost: no beginning of it is taken for the whole. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseCephFsid, parseCephMonitors, parseCephSpace } from '../../src/tools/ceph/output.ts';
import { isUnfinishedCrypt, parseDeps } from '../../src/tools/dmsetup/report.ts';
import { parseLvs, parseVgs } from '../../src/tools/lvm/report.ts';
import * as rbd from '../../src/tools/rbd/output.ts';

interface Recording {
  readonly name: string;
  readonly stdout: string;
}

function recorded(topic: string, name: string): string {
  const path = new URL(`../../fixtures/${topic}.json`, import.meta.url);
  const entries = JSON.parse(readFileSync(path, 'utf8')) as readonly Recording[];
  return entries.find((entry) => entry.name === name)?.stdout ?? '';
}

const unfinished = 'create, killed before DM_TABLE_LOAD: what it';

test.each<readonly [string, string, (stdout: string) => unknown]>([
  ['rbd-16.2/clones', 'info of a clone', rbd.parseRbdInfo],
  ['rbd-16.2/namespaces', 'children', rbd.parseRbdChildren],
  ['rbd-16.2/remove', 'status', rbd.parseRbdWatchers],
  ['rbd-16.2/import-export', 'holes stay holes', rbd.parseRbdUsage],
  ['rbd-16.2/basics', 'metadata, get', rbd.parseRbdMetadata],
  ['rbd-16.2/cluster', 'fsid, json', parseCephFsid],
  ['rbd-16.2/cluster', 'monitors', parseCephMonitors],
  ['rbd-16.2/cluster', 'free space', (stdout) => parseCephSpace(stdout, 'vms')],
  ['lvm-2.03/platter', 'disk made, in one script that ends with a report', parseLvs],
  ['lvm-2.03/platter', 'the empty group itself', parseVgs],
  ['cryptsetup-2.6/killed', `${unfinished} leans on`, parseDeps],
  ['cryptsetup-2.6/killed', `${unfinished} is`, (stdout) => isUnfinishedCrypt('k', stdout)],
])('%s: %s', (topic, name, parse) => {
  const stdout = recorded(topic, name);
  const whole = parse(stdout);
  for (let length = 0; length < stdout.length; length += 1) {
    const part = stdout.slice(0, length);
    try {
      // Where nothing but blanks is missing, all is there.
      expect(parse(part), part).toEqual(whole);
      expect(part.trimEnd()).toBe(stdout.trimEnd());
    } catch (error) {
      expect(error).toMatchObject({ code: 'TOOL_FAILED' });
    }
  }
});
