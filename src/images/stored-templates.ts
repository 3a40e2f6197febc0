/** Templates that drivers keep in their own storage, besides the file in the store. */
import { PlatterError } from '../errors.ts';
import type { Host } from '../ports/host.ts';
import type { TemplateCopies } from '../templates/copies.ts';
import type { Drivers } from './drivers.ts';

export function templateCopies(host: Host, drivers: Drivers): TemplateCopies {
  return {
    async usersOf(template, { ifAway }) {
      const users: string[] = [];
      for (const { type, templates } of drivers.all()) {
        try {
          users.push(...((await templates?.usersOf(template)) ?? []));
        } catch (error) {
          if (ifAway === 'fail' || !PlatterError.is(error)) throw error;
          host.events.emit({ type: 'warning', message: `${type} images: ${error.message}` });
        }
      }
      return users;
    },
    removal: (template, id) =>
      drivers.all().flatMap(({ type, templates }) => {
        if (templates === undefined) return [];
        const description = `remove its copy among the ${type} images`;
        return [{ description, run: (session) => templates.remove(session, template, id) }];
      }),
  };
}
