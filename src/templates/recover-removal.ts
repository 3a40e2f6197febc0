/** Carries on with the removal of a template: its file is gone, and its copies would stay for ever. */
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import type { Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import { removeRecord } from '../workspace/record.ts';
import type { TakenAway } from '../workspace/taken-away.ts';
import type { Intent } from '../workspace/workspace.ts';
import type { TemplateCopies, TemplateIdentity } from './copies.ts';
import { lookUp } from './lookup.ts';

const operation = 'template delete';

export function removalIntent(template: TemplateIdentity, id: string, startedAt: string): Intent {
  return { operation, startedAt, id, name: template.name, sha256: template.sha256 };
}

/**
 * Undefined when the intent is another's. A template that is there still keeps its copies. Where it was taken away, what
 * stands there is another's.
 */
export async function recoverRemoval(
  session: Session,
  config: Config,
  copies: TemplateCopies,
  { intent, taken }: { intent: Intent; taken: TakenAway | undefined },
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const { filesystem } = session.host;
  const template = { name: String(intent['name']), sha256: String(intent['sha256']) };
  if (taken === undefined) {
    const found = await lookUp(session.host, config, template.name);
    if (found.state === 'present' || found.state === 'foreign') return 'undone';
    if (found.state === 'lost') {
      const { id } = found.record;
      await removeRecord(filesystem, templatesDirectory(config), template.name, id);
    }
  }
  for (const step of copies.removal(template, String(intent['id']))) await step.run(session);
  return 'finished';
}
