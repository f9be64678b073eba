import { addressOf } from './address.js';

/**
 * Adds the part of the page's policy that depends on the reader: with which origins the page may connect. The file runs before any
 * other script. Workers inherit the policy, since the page starts them from blobs.
 */
function addPolicy(): void {
  const address = addressOf(location.search);
  const meta = document.createElement('meta');
  meta.httpEquiv = 'Content-Security-Policy';
  meta.content = `connect-src 'self'${address === undefined ? '' : ` ${address.origin}`}`;
  document.head.append(meta);
  document.documentElement.dataset.policy = meta.content;
}

addPolicy();
