/** The steps that give a new image its content, under its private name, by what it is made of. */
import type { Config } from '../../config/config.ts';
import type { Step } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import { roundUp, sectorBytes } from '../../sizes.ts';
import { rbdClone, rbdCreate, rbdResize } from '../../tools/rbd/argv.ts';
import type { Base, CreateOrder, SharedBase, ShareOrder } from '../driver.ts';
import type { Cluster } from './cluster.ts';
import { importContent } from './content.ts';
import { firstEffect, forgetIfNotBegun } from './in-place.ts';
import { locationSpec, passHead } from './location.ts';
import { draftName, imageNameOf } from './names.ts';
import { ifThere, protect } from './remove.ts';
import { ensureTemplate, templateSnapshotSpec } from './template.ts';

export interface ContentOrder {
  readonly cluster: Cluster;
  readonly config: Config;
  readonly order: CreateOrder | ShareOrder;
  /** The private name. */
  readonly draft: string;
  /** Rejects with ALREADY_EXISTS when the image has no name left to take: before work that is worth a look. */
  readonly requireFree: () => Promise<void>;
}

export function contentSteps(content: ContentOrder): readonly Step[] {
  const { base } = content.order;
  switch (base.kind) {
    case 'blank':
      return [blankStep(content)];
    case 'private file':
      return [fileStep(content, base)];
    case 'template':
      return [
        templateStep(content, base),
        ...growSteps(content, whole(base.image.virtualSizeBytes)),
      ];
    case 'snapshot':
      return [snapshotStep(content, base), ...growSteps(content, whole(base.snapshot.sizeBytes))];
    case 'location':
      return [...locationSteps(content, base), ...growSteps(content, base.sizeBytes)];
  }
}

function blankStep({ cluster, order, draft }: ContentOrder): Step {
  const command = rbdCreate(cluster.client, draft, order.sizeBytes);
  return { ...changeStep(cluster, command, 'blank'), description: 'make an empty image' };
}

function changeStep(cluster: Cluster, command: Command, method: string): Omit<Step, 'description'> {
  return {
    command,
    async run(session) {
      await firstEffect(session, () => cluster.change(session, command, 'make the image'));
      session.method = method;
    },
  };
}

function fileStep(
  { cluster, config, order, draft }: ContentOrder,
  base: Extract<Base, { kind: 'private file' }>,
): Step {
  return {
    description: 'import the file',
    async run(session) {
      const image = base.image();
      const sizeBytes = Math.max(order.sizeBytes, roundUp(image.virtualSizeBytes, sectorBytes));
      await importContent(session, cluster, config, draft, { image, sizeBytes });
      session.method = 'import';
    },
  };
}

function templateStep(
  { cluster, config, draft, requireFree }: ContentOrder,
  base: Extract<Base, { kind: 'template' }>,
): Step {
  const command = rbdClone(cluster.client, templateSnapshotSpec(cluster, base), draft);
  return {
    description: `clone template ${base.name}, imported first where the cluster does not have it`,
    command,
    async run(session) {
      session.method = 'clone';
      const clone = () => cluster.change(session, command, 'clone the template');
      try {
        if (await ifThere(clone)) return;
      } catch (error) {
        await forgetIfNotBegun(session, error);
        throw error;
      }
      await requireFree();
      await ensureTemplate(session, cluster, config, base);
      if (await ifThere(clone)) return;
      // Another host has taken it back, or removed it, in that very moment.
      await ensureTemplate(session, cluster, config, base);
      await clone();
    },
  };
}

function snapshotStep(
  { cluster, draft }: ContentOrder,
  { origin, snapshot }: Extract<Base, { kind: 'snapshot' }>,
): Step {
  const source = `${cluster.pool}/${imageNameOf(origin.address)}@${snapshot.name}`;
  const command = rbdClone(cluster.client, source, draft);
  return {
    description: `protect snapshot ${snapshot.name}, and clone it`,
    command,
    async run(session) {
      // Left protected: others may be cloning it too, and its removal knows what to do.
      await firstEffect(session, () => protect(session, cluster, source));
      await cluster.change(session, command, 'clone the snapshot');
      session.method = 'clone';
    },
  };
}

function locationSteps(
  { cluster, config, order, draft }: ContentOrder,
  base: SharedBase,
): readonly Step[] {
  const command = rbdClone(cluster.client, locationSpec(base.url), draft);
  return [
    {
      description: 'inspect the beginning of its content',
      run: (session) =>
        passHead(session, cluster, config, base, headDraft(cluster, order, session.workspace.id)),
    },
    { ...changeStep(cluster, command, 'clone'), description: `clone ${base.url}` },
  ];
}

/** A clone of a location, cut down to what is inspected. */
export function headDraft(
  { pool }: Cluster,
  { address }: Pick<CreateOrder, 'address'>,
  id: string,
): string {
  return `${pool}/${draftName(`head.${imageNameOf(address)}`, id)}`;
}

/** What platter has made is whole sectors; images of a service are as they are. */
function whole(sizeBytes: number): number {
  return roundUp(sizeBytes, sectorBytes);
}

function growSteps({ cluster, order, draft }: ContentOrder, baseBytes: number): readonly Step[] {
  const { sizeBytes } = order;
  if (sizeBytes <= baseBytes) return [];
  const command = rbdResize(cluster.client, draft, sizeBytes);
  return [
    {
      description: `make it ${sizeBytes} bytes`,
      command,
      run: (session) => cluster.change(session, command, 'grow the image'),
    },
  ];
}
