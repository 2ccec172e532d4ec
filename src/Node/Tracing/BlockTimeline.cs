using System.Diagnostics;
using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Node.Tracing;

/// <summary>When the phases of the height in progress began and ended on this node. The driver's thread writes it.</summary>
internal sealed class BlockTimeline(TimeProvider time)
{
    private string _execution = RecordTrace.Check;
    private DateTimeOffset? _executing, _executed, _prepareSent, _commitSent, _certified, _appending, _appended;

    /// <summary>A block is being built or checked; another view begins anew.</summary>
    public void Executing(bool build)
    {
        _execution = build ? RecordTrace.Build : RecordTrace.Check;
        (_executing, _executed, _prepareSent, _commitSent) = (time.GetUtcNow(), null, null, null);
    }

    /// <summary>It was built, or passed its check.</summary>
    public void Executed() => _executed ??= time.GetUtcNow();

    /// <summary>A message of this node leaves.</summary>
    public void Sending(ConsensusMessage message)
    {
        if (message is VoteMessage { Type: VoteType.Prepare })
            _prepareSent ??= time.GetUtcNow();
        else if (message is VoteMessage { Type: VoteType.Commit })
            _commitSent ??= time.GetUtcNow();
    }

    /// <summary>A quorum of Commits is there.</summary>
    public void Certified() => _certified = time.GetUtcNow();

    /// <summary>The block is being stored.</summary>
    public void Appending() => _appending = time.GetUtcNow();

    /// <summary>It is durable.</summary>
    public void Appended() => _appended = time.GetUtcNow();

    /// <summary>When the block became durable.</summary>
    public DateTimeOffset? Durable => _appended;

    /// <summary>Tells the phases within the trace of a submission that the block holds.</summary>
    /// <param name="parent">The submission's span.</param>
    /// <param name="pooled">When the transaction came into the pool.</param>
    /// <param name="block">The block.</param>
    public void AddTo(ActivityContext parent, DateTimeOffset? pooled, BlockHeader block)
    {
        RecordTrace.Add(parent, RecordTrace.Pool, pooled, _executing ?? _appending, block);
        RecordTrace.Add(parent, _execution, _executing, _executed, block);
        RecordTrace.Add(parent, RecordTrace.Prepare, _prepareSent, _commitSent, block);
        RecordTrace.Add(parent, RecordTrace.Commit, _commitSent, _certified, block);
        RecordTrace.Add(parent, RecordTrace.Append, _appending, _appended, block);
    }
}
