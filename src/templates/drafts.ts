/** Files of a template that is being added, in its workspace: as it came, and as it is stored where that is another. */
export const receivedFile = 'content';
export const convertedFile = 'converted';
