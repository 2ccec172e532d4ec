using GovChain.Node.Alarms;
using GovChain.Node.Tls;
using Microsoft.Extensions.Logging;

namespace GovChain.Node;

/// <summary>The log messages of this assembly: event ids 5000 to 5999. Numbers are never given twice; 5011 was.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(5000, LogLevel.Information, "Connected with {Department}")]
    public static partial void PeerConnected(this ILogger logger, string department);

    [LoggerMessage(5001, LogLevel.Warning, "Connection with {Department} lost: {Reason}")]
    public static partial void PeerDisconnected(this ILogger logger, string department, string reason);

    [LoggerMessage(5002, LogLevel.Warning, "No connection with {Department}: {Reason}")]
    public static partial void PeerUnreachable(this ILogger logger, string department, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "Refused a connection from {Address} ({Refusal}): {Reason}")]
    public static partial void PeerRefused(this ILogger logger, string address, PeerRefusal refusal, string reason);

    [LoggerMessage(5004, LogLevel.Information,
        "Connected with {Department} under a key that the ledger here does not name yet: it gives blocks and snapshots, and has no vote by the ledger here")]
    public static partial void PeerConnectedAwaited(this ILogger logger, string department);

    [LoggerMessage(5005, LogLevel.Information,
        "{Department}, which has no vote any more, was not reached at {Endpoint} for {Minutes} minutes: this node dials it no more until its next start or epoch, and accepts it when it dials. Named in peers.observers it is dialled for ever")]
    public static partial void FormerNotDialled(this ILogger logger, string department, string endpoint, double minutes);

    [LoggerMessage(5006, LogLevel.Information,
        "{Department} is expected under the key {Awaited} of peers.observers, too: the ledger here, in epoch {Epoch}, names {Key}. Its votes count once the ledger names it")]
    public static partial void KeyAwaited(this ILogger logger, string department, string awaited, ulong epoch, string key);

    [LoggerMessage(5007, LogLevel.Warning, "peers.observers.{Department} is not used: {Reason}")]
    public static partial void ObserverNotUsed(this ILogger logger, string department, string reason);

    [LoggerMessage(5010, LogLevel.Information, "{Department} goes on at block {Height} of ledger {ChainId}; it {Role}.")]
    public static partial void Started(
        this ILogger logger, string department, ulong height, string chainId, string role);

    [LoggerMessage(5014, LogLevel.Information,
        "{Department} is ready: clients at {Clients}, peers at {Peers}, administration at {Administration}.")]
    public static partial void Listening(
        this ILogger logger, string department, string clients, string peers, string administration);

    [LoggerMessage(5049, LogLevel.Information,
        "Epoch {Epoch} begins with block {Height}: {Departments} departments vote, and this node {Role}.")]
    public static partial void EpochBegins(this ILogger logger, ulong epoch, ulong height, int departments, string role);

    [LoggerMessage(5055, LogLevel.Information, "The departments have decided on parameters or on an endpoint; from block {Height} on this node goes by that.")]
    public static partial void TermsChanged(this ILogger logger, ulong height);

    [LoggerMessage(5058, LogLevel.Information, "From block {Height} on the ledger is of protocol version {Version}; {Scheduled}.")]
    public static partial void ProtocolChanged(this ILogger logger, ulong height, uint version, string scheduled);

    [LoggerMessage(5033, LogLevel.Information, "Signatures are verified by: {Engine}; many hashes at once are taken by: {Hash}.")]
    public static partial void ComputesWith(this ILogger logger, string engine, string hash);

    [LoggerMessage(5034, LogLevel.Warning,
        "This processor has {Path}, but hashes with it are not the platform's hashes: it is left out. Look for faulty memory or processor.")]
    public static partial void HashPathUnsound(this ILogger logger, string path);

    [LoggerMessage(5012, LogLevel.Critical, "The node stops: {Reason}")]
    public static partial void Fatal(this ILogger logger, Exception? exception, string reason);

    [LoggerMessage(5013, LogLevel.Debug, "Block {Height} stored with {Transactions} transactions.")]
    public static partial void Stored(this ILogger logger, ulong height, int transactions);

    [LoggerMessage(5016, LogLevel.Information, "A backup begins: the ledger to block {Height}, {Files} files, {Bytes} bytes.")]
    public static partial void BackupBegun(this ILogger logger, ulong height, int files, long bytes);

    [LoggerMessage(5017, LogLevel.Information, "The backup of the ledger to block {Height} was read to its end.")]
    public static partial void BackupEnded(this ILogger logger, ulong height);

    [LoggerMessage(EventId = 5018, Message = "ALARM {Code}{Subject:of}: {Text}")]
    public static partial void AlarmRaised(this ILogger logger, LogLevel level, string code, AlarmSubject subject, string text);

    [LoggerMessage(5019, LogLevel.Information, "Alarm {Code}{Subject:of} is over.")]
    public static partial void AlarmCleared(this ILogger logger, string code, AlarmSubject subject);

    [LoggerMessage(5030, LogLevel.Information,
        "Stopping: no more is taken; {Waiting} submissions wait for their answer, {Pooled} transactions are in the pool.")]
    public static partial void Draining(this ILogger logger, int waiting, int pooled);

    [LoggerMessage(5031, LogLevel.Information,
        "Stopped after {ElapsedMs} ms; {Unanswered} submissions had no answer yet: submitting them again, here or elsewhere, is safe.")]
    public static partial void Stopped(this ILogger logger, long elapsedMs, int unanswered);

    [LoggerMessage(5032, LogLevel.Critical,
        "The stop took longer than {TimeoutMs} ms (stopTimeoutMs): the process ends by force. Nothing that was acknowledged is lost.")]
    public static partial void StopForced(this ILogger logger, long timeoutMs);

    [LoggerMessage(5020, LogLevel.Warning,
        "The client listener's certificate ({Subject}) is good until {NotAfter:u}. Renew it: clients will refuse it then")]
    public static partial void CertificateExpires(this ILogger logger, string subject, DateTimeOffset notAfter);

    [LoggerMessage(5021, LogLevel.Information, "The client listener has a new certificate ({Subject}), good until {NotAfter:u}")]
    public static partial void CertificateRenewed(this ILogger logger, string subject, DateTimeOffset notAfter);

    [LoggerMessage(5022, LogLevel.Warning, "The client listener keeps its certificate: the new one cannot be used: {Reason}")]
    public static partial void CertificateNotRenewed(this ILogger logger, string reason);

    [LoggerMessage(5023, LogLevel.Warning,
        "This process may open {Limit} files; with many clients a node needs up to {Wanted}. Raise it: ulimit -n, or LimitNOFILE in systemd")]
    public static partial void FileHandlesFew(this ILogger logger, long limit, long wanted);

    [LoggerMessage(5024, LogLevel.Information, "This node votes again, from block {Height} on.")]
    public static partial void VotesAgain(this ILogger logger, ulong height);

    [LoggerMessage(5025, LogLevel.Warning, "This node abstains until block {Height} and votes again then. {Reason}")]
    public static partial void WillVoteAgain(this ILogger logger, ulong height, string reason);

    [LoggerMessage(5040, LogLevel.Warning,
        "Height {Height}: view {View} of {Leader} was left for view {NextView} of {NextLeader}: {Cause} {Detail}")]
    public static partial void ViewLeft(
        this ILogger logger, ulong height, uint view, string leader, uint nextView, string nextLeader, string cause, string detail);

    [LoggerMessage(5041, LogLevel.Information,
        "A quorum left view {View} of height {Height}, which {Leader} led: this node's report of it was {Answer}")]
    public static partial void LeaderReported(this ILogger logger, string leader, ulong height, uint view, string answer);

    [LoggerMessage(5050, LogLevel.Information,
        "This node is {Lag} blocks behind: it fetches a snapshot of the ledger at block {Height}.")]
    public static partial void SnapshotBegun(this ILogger logger, ulong height, ulong lag);

    [LoggerMessage(5051, LogLevel.Information,
        "The snapshot at block {Height} was fetched and checked in {ElapsedMs} ms; the node starts again on it.")]
    public static partial void SnapshotFetched(this ILogger logger, ulong height, long elapsedMs);

    [LoggerMessage(5052, LogLevel.Warning, "No snapshot at block {Height}: {Reason}")]
    public static partial void SnapshotGivenUp(this ILogger logger, ulong height, string reason);

    [LoggerMessage(5053, LogLevel.Information, "Older blocks are being filled in: {Height} of {Base}.")]
    public static partial void FillingIn(this ILogger logger, ulong height, ulong @base);

    [LoggerMessage(5054, LogLevel.Information, "All older blocks up to {Height} are filled in: the ledger is whole from genesis on.")]
    public static partial void FilledIn(this ILogger logger, ulong height);

    [LoggerMessage(5026, LogLevel.Error, "{Department} {What}: no honest node signs both. Evidence {Id}.")]
    public static partial void Accused(this ILogger logger, string department, string what, string id);

    [LoggerMessage(5027, LogLevel.Information, "Evidence {Id} against {Department}: this node's report of it was {Answer}")]
    public static partial void EvidenceReported(this ILogger logger, string department, string id, string answer);

    [LoggerMessage(5056, LogLevel.Warning,
        "Of the read log {Bytes} bytes after entry {Count} were cut off: an entry that a crash left unfinished, and nobody had its answer.")]
    public static partial void ReadLogTorn(this ILogger logger, int bytes, ulong count);

    [LoggerMessage(5057, LogLevel.Information, "Root of the read log, entries {First} to {Last}: this node's transaction was {Answer}")]
    public static partial void ReadRootPosted(this ILogger logger, ulong first, ulong last, string answer);

    [LoggerMessage(5090, LogLevel.Critical, "The node ended with code {Code}: {Reason}")]
    public static partial void ServiceFailed(this ILogger logger, int code, string reason);
}
