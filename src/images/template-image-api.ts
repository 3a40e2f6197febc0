/** The template store as an image service: what `Image.clone` asks when nobody gave it another one. */
import { PlatterError } from '../errors.ts';
import { isName } from '../names.ts';
import type { ImageApi } from '../ports/image-api.ts';
import type { Templates } from '../templates/templates.ts';
import type { Drivers } from './drivers.ts';

/** A template is where drivers have taken it already; there it is raw, whatever its file is. */
export function templateImageApi(templates: Templates, drivers: Drivers): ImageApi {
  return {
    async get(id) {
      const template = isName('template', id) ? await templates.find(id) : undefined;
      if (template === undefined) {
        throw new PlatterError('NOT_FOUND', `there is no template "${id}"`, {
          hint: 'platter template list',
        });
      }
      const locations: string[] = [];
      for (const { sharing } of drivers.all()) {
        const location = await sharing?.locateTemplate(template);
        if (location !== undefined) locations.push(location);
      }
      return { id, diskFormat: locations.length === 0 ? template.format : 'raw', locations };
    },
  };
}
