/** Proxies for Node that are had from npm, as their documentation sets them up: what a team in JavaScript would take. */
import { fileURLToPath } from 'node:url';
import { folderOf, type Packages } from '../start/npm-peers.js';
import type { Site } from './cases.js';

export const npmProxies = ['fast-gateway', 'fastify-http-proxy', 'http-proxy-3'] as const;
export type NpmProxy = (typeof npmProxies)[number];

/** The newest that the registry has whole and that are made for Node 20: fast-gateway 5 wants a package that is not to be had. */
export const npmProxyPackages: Readonly<Record<NpmProxy, Packages>> = {
  'fast-gateway': { 'fast-gateway': '3.4.7' },
  'fastify-http-proxy': { fastify: '5.12.8', '@fastify/http-proxy': '11.6.3' },
  'http-proxy-3': { 'http-proxy-3': '1.23.3' },
};

export const isNpmProxy = (name: string): name is NpmProxy => npmProxies.some((one) => one === name);

/** The command line of one of them, as a process of its own (npm-proxy.ts). */
export function npmProxyArguments(name: NpmProxy, site: Site): string[] {
  const program = fileURLToPath(new URL('./npm-proxy.js', import.meta.url));
  const folder = folderOf(npmProxyPackages[name]);
  return [program, name, folder, String(site.port), String(site.originPort), String(site.connections)];
}
