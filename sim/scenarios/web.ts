/**
 * The web server of scenarios: it has some of the templates, and sometimes another version of one from some moment on, or
 * at the same address with a query.
 */
import { webOf } from '../http.ts';
import type { World } from '../world.ts';
import { templateBytes } from './contents.ts';
import type { Performer } from './perform.ts';
import { operationsOf, templateNamed, type Scenario, type TemplateSpec } from './scenario.ts';

export function webAddress(name: string): string {
  return `http://images.example/${name}`;
}

/** Where the next version is served from the beginning. What tells versions apart does so for each address alone. */
export const queryForNext = '?version=next';

export function serveTemplates(world: World, { templates }: Scenario): void {
  for (const template of templates) {
    if (template.isOnWeb !== true) continue;
    const address = webAddress(template.name);
    put(world, address, template, '"1"');
    put(world, address + queryForNext, nextVersion(template), '"1"');
  }
}

function put(world: World, address: string, template: TemplateSpec, etag: string): void {
  const { ignoresIfRange = false } = template;
  webOf(world).set(address, { bytes: templateBytes(template), etag, ignoresIfRange });
}

/** Its publisher puts the other version in its place. */
export function replaceOnWeb({ world, process, scenario }: Performer, name: string): Promise<void> {
  const address = webAddress(name);
  return world.call(process, 'publisher.replace', address, () => {
    const template = templateNamed(scenario, name);
    if (template === undefined) return;
    if (webOf(world).get(address)?.etag === '"2"') put(world, address, template, '"1"');
    else put(world, address, nextVersion(template), '"2"');
  });
}

function nextVersion(template: TemplateSpec): TemplateSpec {
  return { ...template, pattern: template.pattern + 20 };
}

/** Whether what is fetched of it may be either version. */
export function hasVersions(scenario: Scenario, name: string): boolean {
  return operationsOf(scenario).some(
    ({ kind, subject, other }) =>
      subject === name &&
      (kind === 'replace on web' || (kind === 'add template' && other === queryForNext)),
  );
}

/** All that a template may be. */
export function versionsOf(scenario: Scenario, template: TemplateSpec): readonly TemplateSpec[] {
  return hasVersions(scenario, template.name) ? [template, nextVersion(template)] : [template];
}
