/** The nouns of the command, each loaded only when it is used. */
import type { DefineCommands } from './command.ts';

export interface Noun {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<DefineCommands>;
}

export const nouns: readonly Noun[] = [
  {
    name: 'template',
    description: 'images that disks are made of',
    load: async () => (await import('./commands/template.ts')).defineTemplate,
  },
  {
    name: 'image',
    description: 'disks of virtual machines',
    load: async () => (await import('./commands/image.ts')).defineImage,
  },
  {
    name: 'snapshot',
    description: 'points in time of a disk',
    load: async () => (await import('./commands/snapshot.ts')).defineSnapshot,
  },
  {
    name: 'inspect',
    description: 'tell what a file is, and whether it is safe to hand to a tool',
    load: async () => (await import('./commands/inspect.ts')).defineInspect,
  },
  {
    name: 'recover',
    description: 'finish or undo what a crash interrupted',
    load: async () => (await import('./commands/recover.ts')).defineRecover,
  },
  {
    name: 'sim',
    description: 'run the engine on simulated hosts, and replay what fails',
    load: async () => (await import('./commands/sim.ts')).loadSim(),
  },
  {
    name: 'audit',
    description: 'list everything that no record explains, and change nothing',
    load: async () => (await import('./commands/audit.ts')).defineAudit,
  },
  {
    name: 'doctor',
    description: 'tell whether this host has what the configuration needs',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    name: 'completion',
    description: 'print the completion script for a shell',
    load: async () => (await import('./commands/completion.ts')).defineCompletion,
  },
  {
    name: 'version',
    description: 'print the version',
    load: async () => (await import('./commands/version.ts')).defineVersion,
  },
];
