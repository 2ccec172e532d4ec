using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Tests.Simulation;

/// <content>Catching up.</content>
internal sealed partial class SimulatedNode
{
    private const int BlocksPerResponse = 5;

    private readonly SortedDictionary<ulong, StoredBlock> _fetched = [];

    private void FetchBlocks(ulong upTo, int hint)
    {
        if (hint != Index)
            _stage.Send(this, hint, new BlockRequest(Ledger.Height + 1, upTo));
    }

    private void ServeBlocks(int from, BlockRequest request)
    {
        if (_adversary is { Withholds: true })
        {
            _stage.Faults.Add(FaultKind.Withholding);
            return;
        }
        var blocks = new List<StoredBlock>();
        for (ulong h = request.First; h <= request.Last && h <= Ledger.Height && blocks.Count < BlocksPerResponse; h++)
            blocks.Add(_adversary?.Spoil(Ledger.Blocks[(int)h]) ?? Ledger.Blocks[(int)h]);
        if (blocks.Count > 0)
            _stage.Send(this, from, new BlockResponse(blocks));
    }

    private void TakeBlocks(BlockResponse response)
    {
        foreach (StoredBlock block in response.Blocks)
        {
            if (block.Height > Ledger.Height && _fetched.Count < 4 * BlocksPerResponse
                && CertificateVerifier.Verify(block.Header, block.Certificate!, _stage.Keys.Set, _stage.Keys)
                    == CertificateFailure.None)
                _fetched[block.Height] = block;
        }
        StoreFetched();
    }

    private void StoreFetched()
    {
        while (_fetched.Count > 0 && _fetched.Keys.First() <= Ledger.Height)
            _fetched.Remove(_fetched.Keys.First());
        if (_storing is not null || !_fetched.Remove(Ledger.Height + 1, out StoredBlock? next))
            return;
        if (_stage.Execution.Execute(Ledger, next.Header, next.Transactions, out _) is { } executed)
            Store(executed, next.Certificate!);
    }
}
