import type { Context } from '../../context.ts';
export async function storeNextGroup(_ctx: Context): Promise<boolean> {
  return false;
}
export async function finishUnfinishedGroups(_ctx: Context): Promise<void> {}
