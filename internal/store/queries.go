package store

// queries holds the statements; the text is in queries/*.sql.
type queries struct {
	ConfigBump, ConfigVersions, TeamAll, TeamPut, TeamDelete, QueueAll, QueuePut, QueueDelete, SkillAll, SkillPut, SkillDelete                             *stmt
	CalendarAll, CalendarPut, CalendarDelete, SettingByKey, SettingPut, SettingFirst, SettingDelete, ChannelAll, ChannelByKey                              *stmt
	ChannelByID, ChannelPut, ChannelSecret, ChannelDelete, FAQAll, FAQPut, FAQDelete, FAQCount, QuickReplyAll, QuickReplyByID                              *stmt
	QuickReplyPut, QuickReplyDelete, RulesNewest, RulesByVersion, RulesAll, RulesInsert, PoolEpoch, LeaseTake, LeaseEnd, NodeAll                           *stmt
	NodeTake, NodeKeep, Version, Bytes, SchemaVersion, Ping, ConvByID, ConvToChange, ConvOpen, ConvNewest, ConvInsert, ConvUpdate                          *stmt
	ConvInbound, ConvDue, ConvClaim, ConvLive, ConvOverdue, ConvLoad, ConvUnread, AgentLock, ListOpenOwner, ListOpenTeam, ListOpen                         *stmt
	ListClosedOwner, ListClosedTeam, ListClosed, ListQueued, ListWaitQueue, ListWaitTeam, ListWait, CountWaitTeam, CountWaitQueue, CountMine, CountWaiting *stmt
	CountTeam, CountOpen, ListContact, EventInsert, EventKey, EventsOf, EventsUnpublished, EventsAfter, EventsPublished, CmdInsert                         *stmt
	CmdsUnapplied, CmdsApplied, OutboxInsert, OutboxNext, OutboxTry, OutboxByID, OutboxEnd, MsgInsert, MsgByID, MsgByExt, MsgByCID                         *stmt
	MsgAfter, MsgBefore, MsgThread, MsgState, MsgExt, MsgIndex, MsgSearch, SeenInsert, WallQueues, WallServing, WallToday, WallOnce, WallWaits             *stmt
	CheckCounts, CheckOrphans, CheckSeqs, CheckRevs, CheckDoubled, CheckCIDs, CheckStates, CheckOutbox, DemoConversations, DemoContacts                    *stmt
	DemoUnindex, DemoMessages, DemoEvents, DemoConversation, DemoIdentity, DemoContact, ContactInsert, ContactUpdate, ContactByID                          *stmt
	ContactByIdentity, IdentityInsert, IdentityOf, ContactsByPhone, ContactsByEmail, ContactUnindex, ContactIndex, ContactSearch                           *stmt
	AgentStateAll, AgentStatePut, AgentEventInsert, AgentLoads, UserAll, UserByID, UserByLogin, UserPut, UserDelete, UserHash                              *stmt
	UserSetHash, SessionPut, SessionByToken, SessionDelete, SessionsDelete, SessionsExpire, VisitorByToken, VisitorPut                                     *stmt
	FailureInsert, FailureCount, FailureExpire, AuditInsert, AuditLast, FileInsert, FileByID, FileByToken                                                  *stmt
}
