using System.Reflection;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Accusations;
using GovChain.Node.Alarms;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <summary>How the node and its peers are, for operators and for those who submit.</summary>
internal sealed class NodeStatus(
    Genesis genesis,
    ValidatorHistory history,
    string self,
    LedgerHead ledger,
    TransactionPool pool,
    IPeerNetwork network,
    LedgerSources sources,
    PeerProgress progress,
    AlarmBoard alarms,
    TimeProvider time)
{
    /// <summary>Pieces of evidence in a status; there may be more.</summary>
    private const int EvidenceShownMax = 32;

    private string _lastError = "";
    private LeftView? _lastViewLeft;
    private volatile bool _stopping;

    /// <summary>The release of this program.</summary>
    public static string SoftwareVersion { get; } =
        typeof(NodeStatus).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>When the node was started, by the clock's time stamps.</summary>
    public long Started { get; init; } = time.GetTimestamp();

    /// <summary>View and leader of the height in progress, and whether this node votes.</summary>
    public Func<ConsensusStanding> Standing { get; set; } = static () => new(0, 0, 0, default, false);

    /// <summary>All evidence that this node holds.</summary>
    public Func<IReadOnlyList<Evidence>> Evidence { get; set; } = static () => [];

    /// <summary>Blocks behind the others.</summary>
    public Func<ulong> Lag { get; set; } = static () => 0;

    /// <summary>How far a snapshot is that is being fetched; null for none.</summary>
    public Func<SnapshotProgress?> Snapshot { get; set; } = static () => null;

    /// <summary>That the ledger has given the department another key than this node's, and what to do; null: it has not.</summary>
    public string? KeyReplaced { get; init; }

    /// <summary>This node's key has no vote in this epoch.</summary>
    public bool IsObserver { get; init; }

    /// <summary>Which blocks are still to be filled in; null for none.</summary>
    public Func<LedgerGap?> Gap { get; set; } = static () => null;

    /// <summary>Whether submissions are taken.</summary>
    public NodeReadiness Readiness
    {
        get
        {
            if (_stopping)
                return NodeReadiness.NotReady("This node is stopping.");
            ulong lag = Lag();
            if (lag > CatchUp.LagMax)
                return NodeReadiness.NotReady($"This node is catching up; {lag} blocks are missing.");
            int here = Connected;
            // Without a vote it hands on what is submitted: to one that votes, at least.
            if (IsObserver)
            {
                return here > 0 ? NodeReadiness.Ready : NodeReadiness.NotReady(
                    "No department that votes is connected, and this node has no vote: nothing can be handed on.");
            }
            return here < history.Acting.QuorumSize
                ? NodeReadiness.NotReady(
                    $"Only {here} of {history.Acting.Count} departments are connected, and {history.Acting.QuorumSize} "
                    + "are needed to record anything.")
                : NodeReadiness.Ready;
        }
    }

    /// <summary>Departments with a vote that can be reached, this one counted where it has a vote.</summary>
    private int Connected => (IsObserver ? 0 : 1) + network.Connections.Count(HasVote);

    private bool HasVote(PeerConnection connection) =>
        connection is { IsConnected: true, IsAwaited: false } && history.Acting.IndexOf(connection.Department) >= 0;

    /// <summary>Something went wrong that an operator should know.</summary>
    public void Failed(string error) => Volatile.Write(ref _lastError, error);

    /// <summary>The node left a view.</summary>
    public void ViewLeft(LeftView left) => Volatile.Write(ref _lastViewLeft, left);

    /// <summary>Who may not lead the height in progress.</summary>
    public IEnumerable<LeaderSuspension> Suspended =>
        ledger.Leader.Suspensions.Where(s => LeaderSchedule.Covers(s, ledger.Tip.Height + 1));

    /// <summary>Why, in a sentence.</summary>
    public static string Explain(LeaderSuspension suspension) =>
        $"{suspension.Department} leads nothing from height {suspension.FirstHeight} to {suspension.LastHeight}: a quorum left "
        + $"view {suspension.BlamedView} of height {suspension.BlamedHeight}, which it led.";

    /// <summary>No more submissions.</summary>
    public void Stopping() => _stopping = true;

    /// <summary>All of it.</summary>
    public GetStatusResponse Describe()
    {
        BlockHeader tip = ledger.Tip;
        ConsensusStanding standing = Standing();
        var response = new GetStatusResponse
        {
            Department = self,
            NetworkName = genesis.Body.NetworkName,
            ChainId = genesis.ChainId.ToString(),
            Version = SoftwareVersion,
            Height = tip.Height,
            HeaderHash = tip.Hash.ToString(),
            HeaderTimeMs = tip.TimestampMs,
            LogSize = tip.LogSizeAfter,
            LogRoot = tip.LogRoot.ToString(),
            StateRoot = tip.StateRoot.ToString(),
            View = standing.View,
            Leader = history.Acting[standing.Leader].Department,
            PoolTransactions = (ulong)pool.Count,
            PoolBytes = (ulong)pool.Bytes,
            Voting = standing.IsVoting,
            Observer = standing.IsObserver,
            KeyReplaced = KeyReplaced is not null,
            Epoch = history.Epoch,
            Validators = { history.Acting.Members.Select(static v => v.Department) },
            ValidatorKeys = { history.Acting.Members.Select(static v => v.Key.ToString()) },
            AbstainingBecause = KeyReplaced is { } replaced ? replaced
                : standing.IsObserver ? "It is an observer: its key has no vote on this ledger."
                : standing.Abstention.IsNone && standing.IsRecalling
                ? "It has just started and waits for the others to say that it has forgotten no vote."
                : standing.Abstention.Reason.Explain(),
            VotesAgainAt = standing.Abstention.VotesAgainAt,
            LastError = Volatile.Read(ref _lastError),
            Departments = (uint)history.Acting.Count,
            Quorum = (uint)history.Acting.QuorumSize,
            Lag = Lag(),
            UptimeMs = (ulong)time.GetElapsedTime(Started).TotalMilliseconds,
            LastViewLeft = Volatile.Read(ref _lastViewLeft),
            LastVote = Describe(progress.Of(sources.NumberOf(self)).LastVote),
            ProtocolVersion = ledger.Protocol.Version,
            NewestVersion = ledger.NewestVersion,
            Scheduled = ledger.Protocol.Scheduled,
            ScheduledPosition = ledger.Protocol.Position,
        };
        if (Gap() is { } gap)
            (response.WholeFromHeight, response.FilledToHeight) = (gap.FirstWhole, gap.FilledTo);
        if (Snapshot() is { } snapshot)
        {
            response.Snapshot = new SnapshotFetching
            {
                Height = snapshot.Height,
                Pages = snapshot.Pages,
                Rows = snapshot.Rows,
                RowsExpected = snapshot.RowsExpected,
                Blocks = snapshot.Blocks,
            };
        }
        response.SuspendedLeaders.AddRange(Suspended.Select(static s => new SuspendedLeader
        {
            Department = s.Department,
            FirstHeight = s.FirstHeight,
            LastHeight = s.LastHeight,
            BlamedHeight = s.BlamedHeight,
            BlamedView = s.BlamedView,
            Position = s.Position,
        }));
        response.Alarms.AddRange(alarms.Raised.Select(static a => new ActiveAlarm
        {
            Code = a.Definition.Name,
            Severity = a.Definition.Severity == AlarmSeverity.Critical ? "critical" : "warning",
            Subject = a.Subject,
            Text = a.Text,
            SinceMs = (ulong)a.Since.ToUnixTimeMilliseconds(),
        }));
        IReadOnlyList<Evidence> evidence = Evidence();
        response.EvidencePieces = (uint)evidence.Count;
        using LedgerSnapshot view = ledger.OpenSnapshot();
        var state = new StateOverlay(view);
        response.SuspendedDepartments.AddRange(response.Validators.Where(
            d => state.Before<DepartmentState>(StateKey.Department(d)) is { SuspendedHeight: > 0 }));
        response.Evidence.AddRange(evidence.TakeLast(EvidenceShownMax).Select(e => new AccusedDepartment
        {
            Position = AccusationRules.Find(state, e)?.Position ?? 0,
            Department = EvidenceText.DepartmentOf(e, history),
            Kind = EvidenceText.NameOf(e.Kind),
            Height = e.Height,
            Text = EvidenceText.Describe(e),
            Id = e.Id.ToString(),
            Evidence = ByteString.CopyFrom(e.ToBytes()),
        }));
        ulong highest = Math.Max(tip.Height, progress.HighestTip);
        foreach (PeerConnection connection in network.Connections)
        {
            PeerStanding peer = progress.Of(sources.NumberOf(connection.Department));
            response.Peers.Add(new PeerStatus
            {
                Department = connection.Department,
                Endpoint = connection.Endpoint,
                Connected = connection.IsConnected,
                Height = peer.Height,
                View = peer.View,
                Lag = highest - peer.Height,
                LastError = connection.LastError.Length > 0 ? connection.LastError : peer.Complaint,
                AbstainingBecause = peer.Abstention.Reason.Explain(),
                VotesAgainAt = peer.Abstention.VotesAgainAt,
                LastSeenMs = connection.LastSeenMs,
                LastVote = Describe(peer.LastVote),
                Observer = connection.IsAwaited || history.Acting.IndexOf(connection.Department) < 0,
                Heard = peer.IsHeard,
                NewestVersion = connection.NewestVersion,
            });
        }
        return response;
    }

    private static PeerVote? Describe(LastVote? vote) => vote is not { } v ? null : new PeerVote
    {
        Kind = v.Type.Explain(),
        Height = v.Height,
        View = v.View,
        AtMs = v.AtMs,
    };
}
