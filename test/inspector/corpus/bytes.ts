/** Edits of images in memory: fields, text, checksums. */
import { crc32c } from '../../../src/inspector/formats/crc32c.ts';
import { vpcChecksum } from '../../../src/inspector/formats/vpc-footer.ts';
import { Bytes } from '../../../src/inspector/reader.ts';

export type Edit = (image: Uint8Array) => Uint8Array;

/** Each edit works on what the one before it made; the first gets a copy. */
export function edited(image: Uint8Array, ...edits: readonly Edit[]): Uint8Array {
  return edits.reduce<Uint8Array>((bytes, edit) => edit(bytes), Uint8Array.from(image));
}

export function field(
  position: number,
  width: 1 | 2 | 4 | 8,
  value: number | bigint,
  order: 'be' | 'le' = 'be',
): Edit {
  return (image) => {
    for (let index = 0; index < width; index += 1) {
      const byte = Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * index)) & 0xffn);
      image[position + (order === 'le' ? index : width - 1 - index)] = byte;
    }
    return image;
  };
}

export const be32 = (position: number, value: number) => field(position, 4, value);
export const be64 = (position: number, value: number | bigint) => field(position, 8, value);
export const le16 = (position: number, value: number) => field(position, 2, value, 'le');
export const le32 = (position: number, value: number) => field(position, 4, value, 'le');
export const le64 = (position: number, value: number | bigint) => field(position, 8, value, 'le');

/** Every character one byte. */
export function text(position: number, content: string): Edit {
  return (image) => {
    image.set(Buffer.from(content, 'latin1'), position);
    return image;
  };
}

export function truncated(sizeBytes: number): Edit {
  return (image) => image.slice(0, sizeBytes);
}

/** Zeros behind it, up to a size. */
export function grown(sizeBytes: number): Edit {
  return (image) => {
    const larger = new Uint8Array(Math.max(sizeBytes, image.length));
    larger.set(image);
    return larger;
  };
}

export function appended(bytes: Uint8Array): Edit {
  return (image) => Uint8Array.from(Buffer.concat([image, bytes]));
}

/** An extension of a qcow2 header, with the end marker behind it. */
export function qcow2Extension(position: number, type: number, content: string): Edit {
  return (image) => {
    const end = position + 8 + Math.ceil(content.length / 8) * 8;
    be32(position, type)(image);
    be32(position + 4, content.length)(image);
    text(position + 8, content)(image);
    return be64(end, 0)(image);
  };
}

/** Edits a footer of a VHD, makes its checksum right, and writes it wherever the file has it. */
export function vpcFooter(...edits: readonly Edit[]): Edit {
  return (image) => {
    const last = image.length - 512;
    const footer = edited(image.subarray(last), ...edits);
    be32(64, vpcChecksum(new Bytes(footer), 64))(footer);
    image.set(footer, last);
    if (Buffer.from(image.subarray(0, 8)).toString('latin1') === 'conectix') image.set(footer, 0);
    return image;
  };
}

/** Edits the header of a dynamic VHD of qemu, which follows the copy of the footer. */
export function vpcHeader(...edits: readonly Edit[]): Edit {
  return (image) => {
    const header = edited(image.subarray(512, 1536), ...edits);
    be32(36, vpcChecksum(new Bytes(header), 36))(header);
    image.set(header, 512);
    return image;
  };
}

/** Edits a piece of a VHDX that a checksum secures. */
export function vhdxPart(position: number, lengthBytes: number, ...edits: readonly Edit[]): Edit {
  return (image) => {
    const part = edited(image.subarray(position, position + lengthBytes), ...edits);
    le32(4, 0)(part);
    le32(4, crc32c(part))(part);
    image.set(part, position);
    return image;
  };
}

/** The text of a VMDK's descriptor, changed; what was behind its end is zeros. */
export function vmdkDescriptor(change: (descriptor: string) => string): Edit {
  return (image) => {
    const area = image.subarray(512, 512 + 20 * 512);
    const descriptor = change(Buffer.from(area).toString('latin1').split('\0', 1)[0] ?? '');
    area.fill(0);
    area.set(Buffer.from(descriptor, 'latin1').subarray(0, area.length));
    return image;
  };
}

/** What a streaming writer leaves: a header that says "see the end", and the footer there. */
export function vmdkWithFooter(...footerEdits: readonly Edit[]): Edit {
  return (image) => {
    const trailer = new Uint8Array(3 * 512);
    trailer.set(edited(image.subarray(0, 512), ...footerEdits), 512);
    le32(12, 3)(trailer);
    return appended(trailer)(le64(56, 0xffff_ffff_ffff_ffffn)(image));
  };
}
