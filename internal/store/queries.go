package store

// queries holds the statements; the text is in queries/*.sql.
type queries struct {
	ConfigBump, ConfigVersions, TeamAll, TeamPut, TeamDelete, QueueAll, QueuePut, QueueDelete, SkillAll, SkillPut, SkillDelete,
	CalendarAll, CalendarPut, CalendarDelete, SettingByKey, SettingPut, SettingFirst, ChannelAll, ChannelByKey,
	ChannelByID, ChannelPut, ChannelSecret, ChannelDelete, FAQAll, FAQPut, FAQDelete, FAQCount, QuickReplyAll, QuickReplyByID,
	QuickReplyPut, QuickReplyDelete, RulesNewest, RulesByVersion, RulesAll, RulesInsert, PoolEpoch, LeaseTake, LeaseEnd, NodeAll,
	NodeTake, NodeKeep, Version, Bytes, SchemaVersion, Ping, ConvByID, ConvToChange, ConvOpen, ConvNewest, ConvInsert, ConvUpdate,
	ConvInbound, ConvDue, ConvClaim, ConvLive, ConvOverdue, ConvPressing, ConvLoad, ConvUnread, AgentLock, ListOpenOwner, ListOpenTeam, ListOpen,
	ListClosedOwner, ListClosedTeam, ListClosed, ListQueued, ListWaitQueue, ListWaitTeam, ListWait, CountWaitTeam, CountWaitQueue,
	CountMine, CountWaiting, CountTeam, CountOpen, ListContact, EventInsert, EventKey, EventsOf, EventsUnpublished, EventsAfter, EventsBetween,
	EventsPublished, CmdInsert, CmdsUnapplied, CmdsApplied, OutboxInsert, OutboxNext, OutboxTry, OutboxByID, OutboxHead, OutboxBubble, OutboxEnd, OutboxEndRest, MsgInsert,
	MsgByID, MsgByExt, MsgByCID, MsgAfter, MsgBefore, MsgThread, MsgState, MsgExt, MsgIndex, MsgSearch, SeenInsert, WallQueues,
	WallServing, WallToday, WallOnce, WallWaits, OutboxBack, CheckCounts, CheckOrphans, CheckSeqs, CheckRevs, CheckDoubled, CheckCIDs,
	CheckStates, CheckOutbox, DemoConversations, DemoContacts, DemoUnindex, DemoMessages, DemoEvents, DemoConversation, DemoIdentity,
	DemoContact, ContactInsert, ContactUpdate, ContactByID, ContactByIdentity, IdentityInsert, IdentityOf, ContactsByPhone,
	ContactsByEmail, ContactUnindex, ContactIndex, ContactSearch, AgentStateAll, AgentStatePut, AgentEventInsert, AgentLoads, UserAll,
	UserByID, UserByLogin, UserPut, UserDelete, UserHash, UserSetHash, SessionPut, SessionByToken, SessionDelete, SessionsDelete,
	SessionsExpire, VisitorByToken, VisitorPut, AuditInsert, AuditLast, FileInsert,
	FileByID, FileByToken, FetchInsert, FetchNext, FetchBack, FetchEnd, MsgFetched, KeepGet, KeepPut, LogInsert, LogTrim, LogLast,
	IdentitiesOf, IdentitiesMove, IdentityMove, ConvsOf, ConvsSince, ConvsMove,
	ConvMove, ContactMerged, MergeApart, MergeInsert, MergeByID, MergesInto, MergeUndone, HealthPut, HealthAll, CallbackCount,
	RefInsert, RefKnown, RefsFirst, RefsLast, TopicPut, TopicRecent, ThreadFirst, ThreadMails, MailSeen,
	SeenPrune, OutboxPrune, AgentEventPrune, AuditPrune, FetchOld, KeepDrop, LogDrop, HealthDrop, MailLast, MailCounts, RefsMove, MsgExtra, OutboxWithdraw, DraftPut, DraftGet, DraftDrop, MoveInsert, MoveByID, MoveUndone, SettingsLike *stmt
}
