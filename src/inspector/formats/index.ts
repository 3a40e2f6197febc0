/** The formats that platter recognises. A new one is a file in this folder and a line here. */
import type { FormatParser } from '../format-parser.ts';
import { bochs } from './bochs.ts';
import { cloop } from './cloop.ts';
import { dmg } from './dmg.ts';
import { gpt } from './gpt.ts';
import { iso } from './iso.ts';
import { luks } from './luks.ts';
import { mbr } from './mbr.ts';
import { parallels } from './parallels.ts';
import { qcow } from './qcow.ts';
import { qcow2 } from './qcow2.ts';
import { qed } from './qed.ts';
import { vdi } from './vdi.ts';
import { vhdx } from './vhdx.ts';
import { vmdk } from './vmdk.ts';
import { vpc } from './vpc.ts';

export const formatParsers: readonly FormatParser[] = [
  qcow2,
  qcow,
  qed,
  vmdk,
  vpc,
  vhdx,
  vdi,
  parallels,
  luks,
  bochs,
  cloop,
  dmg,
  iso,
  gpt,
  mbr,
];
