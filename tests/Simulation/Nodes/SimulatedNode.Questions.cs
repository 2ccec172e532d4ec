using GovChain.Consensus;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <content>Asks others what production code wants to know, waits for a while, and goes on with what came.</content>
internal sealed partial class SimulatedNode
{
    /// <summary>How long a peer is waited for that was asked for blocks or a part of a snapshot, microseconds.</summary>
    public const ulong BlocksTimeoutUs = 500_000;

    /// <summary>The same of transactions of a proposal, microseconds.</summary>
    private const ulong BodiesTimeoutUs = 100_000;

    private readonly Dictionary<ulong, Action<Frame?>> _answers = [];
    private ulong _questions;

    /// <summary>How far the others are, by what is proven or said, above the ledger here.</summary>
    private ulong Lag
    {
        get
        {
            ulong target = Math.Max(Proven.Target, _following.Height);
            return target > Ledger.Height ? target - Ledger.Height : 0;
        }
    }

    private int[] Others() => [.. Enumerable.Range(0, _stage.Scenario.Validators).Where(i => i != Index)];

    /// <summary>Asks one question after the other; a crash ends it.</summary>
    private void Ask(IEnumerable<LedgerQuestion> questions, Action done) => Ask(questions.GetEnumerator(), done);

    private void Ask(IEnumerator<LedgerQuestion> questions, Action done)
    {
        if (_crashAfterEffects > 0 && --_crashAfterEffects == 0)
        {
            Crash(FaultKind.CrashInStep);
            return;
        }
        if (!questions.MoveNext())
        {
            done();
            return;
        }
        LedgerQuestion question = questions.Current;
        ulong begunUs = _stage.NowUs;
        switch (question)
        {
            case OffersQuestion q:
                int open = q.Sources.Count;
                for (int i = 0; i < q.Sources.Count; i++)
                {
                    int place = i;
                    AskOne(q.Sources[i], id => new SnapshotAsk(id, new SnapshotRequest()), answer =>
                    {
                        q.Answers[place] = (answer as SnapshotGiven)?.Response;
                        if (--open == 0)
                            GoOn();
                    });
                }
                if (open == 0)
                    GoOn();
                break;
            case PartQuestion q:
                AskOne(q.Source, id => new SnapshotAsk(id, q.Request), answer =>
                {
                    q.Answer = (answer as SnapshotGiven)?.Response;
                    GoOn();
                });
                break;
            case BlocksQuestion q:
                AskOne(q.Source, id => new BlockRequest(q.FirstHeight, q.Count, id), answer =>
                {
                    q.Answer = answer is BlockResponse r ? new BlockRange(r.First, r.Blocks, r.TipHeight, r.WholeFrom) : null;
                    GoOn();
                });
                break;
            case BodiesQuestion q:
                AskOne(q.Source, id => new BodyRequest(id, q.Leaves), answer =>
                {
                    q.Answer = (answer as BodyResponse)?.Envelopes;
                    GoOn();
                }, BodiesTimeoutUs);
                break;
            default:
                throw new InvariantException("driver", $"nobody can be asked {question}");
        }

        void GoOn()
        {
            question.TookUs = (long)(_stage.NowUs - begunUs);
            Ask(questions, done);
        }
    }

    /// <summary>What comes in time goes to <paramref name="take"/>, or null.</summary>
    private void AskOne(int source, Func<ulong, Frame> frame, Action<Frame?> take, ulong timeoutUs = BlocksTimeoutUs)
    {
        ulong id = ((ulong)Slot << 32) | ++_questions; // an answer to one of two twins comes to both
        _answers.Add(id, take);
        _stage.Send(this, source, frame(id));
        Later(timeoutUs, () => Take(id, null));
    }

    private void Take(ulong id, Frame? answer)
    {
        if (_answers.Remove(id, out Action<Frame?>? take))
            take(answer);
    }
}
