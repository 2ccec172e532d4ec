using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Tracing;

namespace GovChain.Node.Consensus;

/// <summary>What the driver tells the node, on its own thread: every one but Evidence returns at once.</summary>
/// <param name="Stored">A block is durable, and when its phases were. The pool has been told.</param>
/// <param name="Sent">A message went to all.</param>
/// <param name="Refused">Transactions left the pool for good.</param>
/// <param name="NeedBlocks">The ledger is behind.</param>
/// <param name="Alarm">An operator should know.</param>
/// <param name="Abstention">Whether and until when this node abstains has changed.</param>
/// <param name="ViewLeft">A view was left, its leader's index, and the index of the next one's.</param>
/// <param name="ReportLeader">A leader failed; the ledger should hear it.</param>
/// <param name="Evidence">Somebody signed what no honest validator signs both: on return it is durable.</param>
/// <param name="Justified">A proposal of a later view was accepted: its justification is to be kept.</param>
/// <param name="EpochEnded">The validators change with the block just stored: this driver does nothing more.</param>
/// <param name="Tick">About a second has passed.</param>
/// <param name="Fatal">The node must stop.</param>
internal sealed record DriverEvents(
    Action<ExecutedBlock, BlockTimeline> Stored,
    Action<ConsensusMessage> Sent,
    Action<IReadOnlyList<Pool.PoolExit>> Refused,
    Action<NeedBlocks> NeedBlocks,
    Action<Alarm> Alarm,
    Action<Abstention> Abstention,
    Action<ViewLeft, int, int> ViewLeft,
    Action<ReportLeader> ReportLeader,
    Action<Evidence> Evidence,
    Action<KeptJustification> Justified,
    Action EpochEnded,
    Action Tick,
    Action<Exception> Fatal);
