/** The web server of scenarios: it has some of the templates, and sometimes another version of one from some moment on. */
import { webOf } from '../http.ts';
import type { World } from '../world.ts';
import { templateBytes } from './contents.ts';
import type { Performer } from './perform.ts';
import { operationsOf, templateNamed, type Scenario, type TemplateSpec } from './scenario.ts';

export function webAddress(name: string): string {
  return `http://images.example/${name}`;
}

export function serveTemplates(world: World, { templates }: Scenario): void {
  for (const template of templates) {
    if (template.isOnWeb !== true) continue;
    webOf(world).set(webAddress(template.name), { bytes: templateBytes(template), etag: '"1"' });
  }
}

/** Its publisher puts another version in its place. */
export function replaceOnWeb({ world, process, scenario }: Performer, name: string): Promise<void> {
  const address = webAddress(name);
  return world.call(process, 'publisher.replace', address, () => {
    const template = templateNamed(scenario, name);
    if (template === undefined) return;
    webOf(world).set(address, { bytes: templateBytes(nextVersion(template)), etag: '"2"' });
  });
}

function nextVersion(template: TemplateSpec): TemplateSpec {
  return { ...template, pattern: template.pattern + 20 };
}

export function isReplacedOnWeb(scenario: Scenario, name: string): boolean {
  return operationsOf(scenario).some(
    ({ kind, subject }) => kind === 'replace on web' && subject === name,
  );
}

/** All that a template may be. */
export function versionsOf(scenario: Scenario, template: TemplateSpec): readonly TemplateSpec[] {
  return isReplacedOnWeb(scenario, template.name) ? [template, nextVersion(template)] : [template];
}
