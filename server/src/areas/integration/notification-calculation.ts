export function notificationCalculationError(_calculation: string, _eventName: string): string | null {
  return null;
}
