/**
 * Speed as ratios: each operation of platter beside the bare tool, in turns, in one run. Absolute times on shared machines
 * say nothing; the median of the ratios of neighbouring runs says something.
 *
 * Words given choose the operations whose names have them all: `npm run bench -- lvm larger`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileImageComparisons } from './file-images.ts';
import { commandComparisons } from './command.ts';
import { lvmComparisons } from './lvm-images.ts';
import { rbdComparisons } from './rbd-images.ts';
import type { Comparison } from './comparison.ts';

/** The virtual machine is slow, and there for LVM alone. */
const inLvmLab = process.env['PLATTER_LAB'] === 'lvm';
const cephConf = process.env['PLATTER_CEPH_CONF'];
const runs = Number(process.env['PLATTER_BENCH_RUNS'] ?? (inLvmLab ? 5 : 15));
const words = process.argv.slice(2);
const directory = mkdtempSync(`${tmpdir()}/platter-bench-`);
let mounted = false;
let failed = false;

async function measure({ name, limit, bare, ours, reset }: Comparison): Promise<void> {
  const ratios: number[] = [];
  const times = { bare: [] as number[], ours: [] as number[] };
  for (let run = 0; run <= runs; run += 1) {
    const bareMs = await timed(bare);
    const oursMs = await timed(ours);
    await reset();
    // The first run loads modules and fills caches.
    if (run === 0) continue;
    ratios.push(oursMs / bareMs);
    times.bare.push(bareMs);
    times.ours.push(oursMs);
  }
  const ratio = median(ratios);
  const verdict = ratio <= limit ? 'ok' : 'TOO SLOW';
  if (ratio > limit) failed = true;
  const cells = [name, ms(times.bare), ms(times.ours), ratio.toFixed(2), limit.toFixed(1), verdict];
  console.log(cells.map((cell, index) => cell.padEnd(index === 0 ? 44 : 12)).join(''));
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function ms(values: readonly number[]): string {
  return `${median(values).toFixed(1)} ms`;
}

try {
  const xfs = `${directory}/xfs`;
  if (process.getuid?.() === 0 && !inLvmLab) {
    execFileSync('truncate', ['-s', '4G', `${directory}/xfs.img`]);
    execFileSync('mkfs.xfs', ['-q', '-m', 'reflink=1', `${directory}/xfs.img`]);
    execFileSync('mkdir', [xfs]);
    execFileSync('mount', ['-o', 'loop', `${directory}/xfs.img`, xfs]);
    mounted = true;
  }
  const head = ['operation', 'bare', 'platter', 'ratio', 'limit', ''];
  console.log(head.map((cell, index) => cell.padEnd(index === 0 ? 44 : 12)).join(''));
  const comparisons = inLvmLab
    ? await lvmComparisons(directory)
    : [
        ...(await fileImageComparisons(directory, mounted ? xfs : undefined)),
        ...(cephConf === undefined ? [] : await rbdComparisons(directory, cephConf)),
        ...(await commandComparisons(directory)),
      ];
  for (const comparison of comparisons) {
    if (words.every((word) => comparison.name.includes(word))) await measure(comparison);
  }
} finally {
  if (mounted) execFileSync('umount', [`${directory}/xfs`]);
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
