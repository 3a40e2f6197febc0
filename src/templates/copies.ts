/** Copies of templates in the storage of backends (a cluster, a thin pool), on which images lean instead of the file. */
import type { Step } from '../operations/step.ts';

export interface TemplateIdentity {
  readonly name: string;
  /** Of the image as it was delivered. */
  readonly sha256: string;
}

export interface TemplateCopies {
  /**
   * Images that lean on copies, as `<instance>/<disk>`, or as the backend calls them where they are no images of
   * instances. `ifAway` tells what to do about storage that cannot be asked.
   */
  usersOf(
    template: TemplateIdentity,
    options: { ifAway: 'fail' | 'warn' },
  ): Promise<readonly string[]>;
  /** Steps that remove copies that nothing leans on, by the operation of this id; also what it had begun to remove. */
  removal(template: TemplateIdentity, id: string): readonly Step[];
}
