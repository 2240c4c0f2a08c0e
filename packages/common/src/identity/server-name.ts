/**
 * The name that every controller's certificate carries, and that clients expect whatever address they dial. Who issued the
 * certificate says which cluster's controller it is; an address (another network, a forwarded port, a new host name) proves nothing more.
 */
export const controllerServerName = 'controller.shoal';
