/**
 * Disks that platter has no record of: Nova, or somebody by hand, put them where they are. Their format is known from
 * disk.info, but nobody vouches for what their headers name: before a tool opens one, platter's own parser looks where it
 * would be led to. A disk may lean on a template of the store, and on nothing else.
 */
import type { Config } from '../../config/config.ts';
import { templatesDirectory } from '../../config/layout.ts';
import { PlatterError } from '../../errors.ts';
import { inspectFile, requireSafe } from '../../ingress/gate.ts';
import { judgeDataFile } from '../../inspector/formats/qcow2.ts';
import {
  qcow2HeaderEnds,
  readQcow2Header,
  type Qcow2Header,
} from '../../inspector/formats/qcow2-header.ts';
import { toolFormat } from '../../inspector/inspect.ts';
import { openFileReader } from '../../inspector/reader.ts';
import { isName } from '../../names.ts';
import type { Host } from '../../ports/host.ts';
import { templatePath } from '../../templates/lookup.ts';
import { baseNameOf, parentOf } from '../../workspace/area.ts';
import { standsAt, statOrNothing } from '../../workspace/once.ts';
import type { ImageFacts } from '../driver.ts';

/** Throws UNSAFE_IMAGE where a tool that opens the disk would open something else with it. Starts no tool. */
export async function checkReferences(
  host: Host,
  config: Config,
  { path, format, backing, recordId }: ImageFacts,
): Promise<void> {
  // The raw format names nothing, and platter's own disks name what it made them of.
  if (recordId !== null || format === 'raw') return;
  if (format !== 'qcow2') {
    requireSafe(await inspectFile(host, path, config.limits, format));
    return;
  }
  const header = await headerOf(host, path);
  const [dataFile] = judgeDataFile(header);
  if (dataFile !== undefined) throw unsafe(dataFile.message);
  if (backing !== null) await checkBacking(host, config, backing, header.backingFormat);
}

async function headerOf({ filesystem }: Host, path: string): Promise<Qcow2Header> {
  const file = await filesystem.openRead(path, qcow2HeaderEnds);
  try {
    const header = await readQcow2Header(openFileReader(file));
    if (header === undefined) throw unsafe('it has no qcow2 header');
    return header;
  } finally {
    file.close();
  }
}

async function checkBacking(
  host: Host,
  config: Config,
  backing: string,
  named: string | undefined,
): Promise<void> {
  if (!(await isTemplate(host, config, backing)))
    throw unsafe('it leans on a file that is no template of the store');
  const template = await inspectFile(host, backing, config.limits);
  const isSelfContained = template.safe;
  // Without a name for its format qemu looks into the template, and sees what the inspection has seen.
  const isAsNamed = named === undefined || named === toolFormat(template.format);
  if (!isSelfContained) throw unsafe('it leans on a template that is not safe itself');
  if (!isAsNamed) throw unsafe('it names another format for its template than that has');
}

/** By its path, or as the very file: the store may be reached by another path than the one that the disk names. */
async function isTemplate({ filesystem }: Host, config: Config, backing: string): Promise<boolean> {
  const name = baseNameOf(backing);
  if (!isName('template', name)) return false;
  if (parentOf(backing) === templatesDirectory(config)) return true;
  const stat = await statOrNothing(filesystem, backing);
  return stat !== undefined && (await standsAt(filesystem, templatePath(config, name), stat)());
}

function unsafe(reason: string): PlatterError {
  return new PlatterError('UNSAFE_IMAGE', `the disk is refused as unsafe: ${reason}`, {
    hint: 'platter did not make it: find out who did, and delete it or put it right by hand',
  });
}
