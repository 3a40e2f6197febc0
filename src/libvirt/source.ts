/** Where libvirt finds the data of an image: what a driver contributes to the `<disk>` element. */
export type LibvirtSource =
  | {
      readonly type: 'file' | 'block';
      readonly path: string;
      readonly format: string;
      /** `native` asynchronous input and output, for disks whose space is reserved (B006). */
      readonly io: 'native' | undefined;
    }
  | {
      readonly type: 'network';
      readonly protocol: 'rbd';
      /** `pool/image` */
      readonly name: string;
      readonly hosts: readonly { readonly name: string; readonly port: string }[];
      readonly auth: { readonly username: string; readonly secretUuid: string } | undefined;
    };
