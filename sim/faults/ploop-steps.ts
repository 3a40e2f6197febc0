/** Steps of ploop, at which faults strike. What merges takes as long as there is to merge: none of them may hang. */

const changes = ['open descriptor', 'write descriptor', 'sync descriptor', 'rename descriptor'];

const commands: Readonly<Record<string, readonly string[]>> = {
  snapshot: [...changes, 'create delta', 'sync delta'],
  'snapshot-switch': [...changes, 'create delta', 'sync delta', 'remove image'],
  'snapshot-delete': [...changes, 'merge', 'sync image', 'remove image'],
  'snapshot-merge': [...changes, 'merge', 'sync image', 'remove image'],
  grow: [...changes, 'lengthen image', 'sync image'],
};

export const ploopSteps: readonly string[] = Object.entries(commands).flatMap(([verb, steps]) =>
  steps.map((step) => `ploop ${verb}: ${step}`),
);
