using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Certificates that are real and prove something else than is said of them.</content>
internal sealed partial class Adversary
{
    private readonly Dictionary<Digest, BlockHeader> _headers = [];
    private readonly Dictionary<(uint View, Digest Block), SortedDictionary<int, Signature>> _prepares = [];
    private ulong _collecting;

    /// <summary>Collects the Prepares of the newest height and, once there is a quorum of them, says that they decide.
    /// </summary>
    private void CollectPrepares(ConsensusMessage message)
    {
        if (!_habits.Contains(FaultKind.PassedOffPrepare) || message.Height < _collecting)
            return;
        if (message is ProposeMessage proposal)
        {
            StartCollecting(message.Height);
            _headers[proposal.Block.Hash] = proposal.Block.Header;
        }
        if (message is not VoteMessage { Type: VoteType.Prepare } vote)
            return;
        StartCollecting(message.Height);
        (uint, Digest) of = (vote.View, vote.BlockHash);
        if (!_prepares.TryGetValue(of, out SortedDictionary<int, Signature>? prepares))
        {
            _prepares.Add(of, prepares = []);
            prepares.Add(_node.Index, Sign(VoteType.Prepare, vote.Height, vote.View, vote.BlockHash));
        }
        prepares[vote.Signer] = vote.Signature;
        if (prepares.Count == _stage.Keys.Set.QuorumSize && _headers.TryGetValue(vote.BlockHash, out BlockHeader? header)
            && Dares(FaultKind.PassedOffPrepare, 300))
        {
            Send(Consensus.Send.ToAll, new DecidedMessage(header, new Certificate(
                VoteType.Prepare, vote.Epoch, vote.Height, vote.View, vote.BlockHash,
                [.. prepares.Select(p => new ValidatorSignature((ushort)p.Key, p.Value))])));
        }
    }

    /// <summary>The same view change, claiming a block that was prepared in the view before: a quorum's names, one signature.
    /// </summary>
    private ViewChangeMessage WithMadeUp(ViewChangeMessage m)
    {
        Digest block = m.Prepared?.BlockHash ?? Sha256.Hash(m.Payload.Signature.Span);
        Signature own = Sign(VoteType.Prepare, m.Height, m.View - 1, block);
        return ViewChange(m.Height, m.View, new Certificate(VoteType.Prepare, m.Epoch, m.Height, m.View - 1, block,
            [.. Enumerable.Range(0, _stage.Keys.Set.QuorumSize).Select(i => new ValidatorSignature((ushort)i, own))]));
    }

    private void StartCollecting(ulong height)
    {
        if (height == _collecting)
            return;
        _collecting = height;
        _headers.Clear();
        _prepares.Clear();
    }
}
