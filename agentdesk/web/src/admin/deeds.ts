/** What a channel does for an admin beside sending: POST /channels/{id}/deeds/{deed}. */
import { api } from '@/api/client'

export const deed = <T>(channel: number, name: string, body: object = {}): Promise<T> => api.post<T>(`/channels/${channel}/deeds/${name}`, body)
