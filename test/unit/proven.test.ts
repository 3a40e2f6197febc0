/**
 * The types by which no unproven file reaches a tool. The lines below `@ts-expect-error` are checked by `npm run types`,
 * which fails when one of them compiles.
 */
import { expect, expectTypeOf, test } from 'vitest';
import { managed, type ProvenImage } from '../../src/ingress/proven.ts';
import type { passGate } from '../../src/ingress/gate.ts';
import {
  qemuImgConvert,
  qemuImgCreateOverlay,
  qemuImgInfo,
  qemuImgRepairLeaks,
  qemuImgResize,
  qemuImgSnapshot,
  qemuImgTakeLock,
} from '../../src/tools/qemu-img/argv.ts';

const path = '/tmp/from-outside';
const lookalike = { path, format: 'raw', virtualSizeBytes: 512, isFromOutside: true } as const;

/** Never called: it only has to be refused by the compiler. */
export function unproven(): void {
  // @ts-expect-error a path is no proven image
  qemuImgInfo(path);
  // @ts-expect-error an object with its fields is none
  qemuImgInfo(lookalike);
  // @ts-expect-error the source of a copy has to be proven
  qemuImgConvert({ source: lookalike, target: '/t', targetFormat: 'raw' });
  // @ts-expect-error the backing file of an overlay has to be proven
  qemuImgCreateOverlay('/t', lookalike, 512);
  // @ts-expect-error what is resized has to be proven
  qemuImgResize(lookalike, 512);
  // @ts-expect-error what is snapshotted has to be proven
  qemuImgSnapshot('create', lookalike, 's');
  // @ts-expect-error what is locked has to be proven
  qemuImgTakeLock(lookalike);
  // @ts-expect-error what is repaired has to be proven
  qemuImgRepairLeaks(lookalike);
  // @ts-expect-error nobody can write the brand down
  const forged: ProvenImage = lookalike;
  qemuImgInfo(forged);
}

test('the gate is what makes a proven image of a file from outside', () => {
  expectTypeOf<Awaited<ReturnType<typeof passGate>>>().toEqualTypeOf<ProvenImage>();
  expect(managed(path, 'raw', 512).isFromOutside).toBe(false);
});
