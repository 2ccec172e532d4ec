using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Rpc;

namespace GovChain.Node.Gateway;

/// <summary>Who reads what is not public.</summary>
internal sealed partial class LedgerGateway
{
    /// <inheritdoc/>
    public Digest ChainId => genesis.ChainId;

    /// <inheritdoc/>
    public string Department => self;

    /// <inheritdoc/>
    public IReadOnlyList<UsedToken> UsedTokens =>
    [
        .. reads.Recent.Where(static e => e.Token.Length > 0)
            .Select(static e => new UsedToken(Digest.TryParseHex(e.Token, out Digest id) ? id : default, e.Key, e.TokenEndsMs)),
    ];

    /// <inheritdoc/>
    public ReaderStanding Identify(SignatureCheck claim) => Read(view =>
    {
        ulong nowMs = Math.Max(time.NowMs(), view.Tip.TimestampMs);
        OfficerInterval? officer = ReadRules.Identify(view, claim.Signer, nowMs, out Core.Model.Rejection? rejection);
        return new ReaderStanding(officer, officer is not null && verifier.VerifyOne(claim), rejection);
    });

    /// <inheritdoc/>
    public void LogRead(ReadEntry entry) => reads.Write(entry);
}
