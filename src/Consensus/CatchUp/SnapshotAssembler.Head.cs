using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <content>The snapshot's header, the ends of epochs that lead to those who certified it, and what it seems to cost.</content>
public sealed partial class SnapshotAssembler
{
    private const string TooDear = "fetching the blocks costs less";

    private (int From, BlockHeader Below, ulong Rows) _offer;

    private SnapshotRequest HeadRequest => new() { Height = height, Head = new SnapshotHeadWanted { FromEpoch = _history.Epoch } };

    private IEnumerable<LedgerQuestion> AskForHead()
    {
        while (Header is null) // with each answer at least one epoch more is known, and there are few
        {
            foreach (LedgerQuestion question in sources.Ask(HeadRequest, Judge))
                yield return question;
            if (!sources.WasGiven)
            {
                Failure = "nobody gives the head of the snapshot";
                yield break;
            }
        }
        // How many rows there are and where blocks begin nothing proves yet: the word of so few as may lie must not talk this node
        // out of the snapshot.
        var dear = new HashSet<int>();
        while (!IsWorthwhile(Header, _offer.Below, _offer.Rows))
        {
            dear.Add(_offer.From);
            if (dear.Count(s => s < _validators) > Quorum.Faulty(_validators))
            {
                Failure = TooDear;
                yield break;
            }
            foreach (LedgerQuestion question in sources.Ask(HeadRequest, JudgeOffer, s => !dear.Contains(s)))
                yield return question;
            if (!sources.WasGiven)
                break;
        }

        string? Judge(SnapshotResponse answer, int source)
        {
            ValidatorHistory before = _history;
            string? lie = answer.Head is null ? "sent no head of a snapshot" : TakeHead(answer.Head, source);
            if (lie is not null)
                _history = before; // the next one is asked from the same epoch on
            return lie;
        }

        string? JudgeOffer(SnapshotResponse answer, int source) =>
            answer.Head is null ? "sent no head of a snapshot" : TakeOffer(answer.Head, source);
    }

    private string? TakeHead(SnapshotHead head, int source)
    {
        if (TakeEpochs(head.Epochs) is { } lie)
            return lie;
        if (BlockHeader.TryRead(head.Header.Span) is not { } header || header.Height != height)
            return "sent a snapshot's header that cannot be read, or of another height";
        // The set that certifies what follows must be known, too.
        if (_history.Epoch < header.NextEpoch && AnswerLength.IsFullOf(head.Epochs, AnswerBytesMax))
            return null; // the rest of the epochs comes with the next answer
        if (_history.Epoch != header.NextEpoch || _history.Acting.Hash != header.NextValidatorSetHash)
            return "sent a snapshot of an epoch that the changes of the validators do not lead to";
        if (!IsCertified(header, head.Certificate))
            return $"sent a snapshot's header {height} that is not certified";
        if (TakeOffer(head, source) is { } other)
            return other;
        Header = header;
        return null;
    }

    private string? TakeOffer(SnapshotHead head, int source)
    {
        if (ReadBase(head) is not { } below)
            return "sent a header below the snapshot's blocks that is not certified";
        _offer = (source, below, head.StateRows);
        return null;
    }

    /// <summary>The header below the snapshot's blocks, if departments have certified it.</summary>
    private BlockHeader? ReadBase(SnapshotHead head) =>
        BlockHeader.TryRead(head.BaseHeader.Span) is { } below && below.Height < height
        && (below.Height == 0 ? below.Hash == genesis.Block.Header.Hash : IsCertified(below, head.BaseCertificate)) ? below : null;

    /// <summary>Follows the changes of the validators on from the last one known.</summary>
    private string? TakeEpochs(IReadOnlyList<SnapshotEpoch> epochs)
    {
        if ((ulong)epochs.Count + _history.Epoch > Limits.MembershipChangesMax)
            return "sent more changes of the validators than a ledger holds";
        var ends = new List<EpochEnd>(epochs.Count);
        foreach (SnapshotEpoch epoch in epochs)
        {
            PublicKey? key = null;
            if (BlockHeader.TryRead(epoch.Header.Span) is not { } header || Certificate.TryRead(epoch.Certificate.Span) is not { } certificate
                || (!epoch.NewKey.IsEmpty && !PublicKey.TryParse(epoch.NewKey.Span, out key)))
                return "sent a change of the validators that cannot be read";
            if (header.Height > height)
                return "sent a change of the validators after the snapshot";
            ends.Add(new EpochEnd(new Core.Verification.CertifiedBlock(header, certificate), epoch.Department, key));
        }
        if (EpochChain.Follow(genesis.ChainId, _history, ends, verifier, out string? problem) is not { } history)
            return $"sent a change of the validators that is not certified ({problem})";
        _history = history;
        return null;
    }
}
