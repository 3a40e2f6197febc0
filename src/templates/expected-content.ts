/**
 * Whether a template is what the disks that lean on it were made of: their records tell, even where its own record has
 * gone with the store. Another content under them would be read as theirs.
 */
import type { Config } from '../config/config.ts';
import { PlatterError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { baseNameOf, parentOf } from '../workspace/area.ts';
import { readRecord } from '../workspace/record.ts';
import { templatePath } from './lookup.ts';
import type { TemplateRecord } from './template.ts';
import { usersOf, type User } from './users.ts';

type Content = Pick<TemplateRecord, 'name' | 'sha256' | 'format'>;

/** TEMPLATE_CHANGED where disks were made of another; a warning where nobody can tell. */
export async function requireExpected(
  { filesystem, events }: Host,
  config: Config,
  content: Content,
): Promise<void> {
  const { name, sha256 } = content;
  const users = await usersOf(filesystem, config, templatePath(config, name));
  const unknown: string[] = [];
  const wrong: Record<string, string> = {};
  for (const user of users) {
    // Of what is in doubt anyway it says nothing.
    if (user.doubt !== undefined) continue;
    const made = await madeOf(filesystem, user, name);
    // The same content in another format would be read as something else.
    const isOfFormat = user.format === undefined || user.format === content.format;
    if (made === undefined) unknown.push(user.image);
    else if (made !== sha256 || !isOfFormat) wrong[user.image] = made;
  }
  if (Object.keys(wrong).length > 0) throw otherContent(content, wrong);
  if (unknown.length === 0) return;
  const message = `nobody can tell whether template ${name} is the one that ${unknown.join(', ')} leans on`;
  events.emit({ type: 'warning', message });
}

/** SHA-256 of the template that an image was made of; undefined where no record tells of this one. */
async function madeOf(
  filesystem: Filesystem,
  { path }: User,
  name: string,
): Promise<string | undefined> {
  try {
    const record = await readRecord<{ template?: unknown; templateSha256?: unknown }>(
      filesystem,
      parentOf(path),
      baseNameOf(path),
    );
    const { template, templateSha256 } = record?.content ?? {};
    return template === name && typeof templateSha256 === 'string' ? templateSha256 : undefined;
  } catch (error) {
    if (PlatterError.is(error) && error.code === 'CORRUPT') return undefined;
    throw error;
  }
}

function otherContent({ name, sha256, format }: Content, wrong: Record<string, string>) {
  const images = Object.keys(wrong);
  const few = `${images.slice(0, 3).join(', ')}${images.length > 3 ? ' and others' : ''}`;
  const text = `this is not the template "${name}" on which ${few} lean${images.length === 1 ? 's' : ''}`;
  return new PlatterError('TEMPLATE_CHANGED', text, {
    details: { usedBy: images, recordedSha256: wrong, sha256, format },
    hint: 'find the image that it was, in the same format, or add this one under another name',
  });
}
