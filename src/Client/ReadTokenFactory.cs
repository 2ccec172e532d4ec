using System.Security.Cryptography;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Client;

/// <summary>Signs the tokens by which an officer reads what is not public at one department's node. Safe to use from several threads.
/// </summary>
/// <remarks>
/// The department must be known, from the operator or a profile, and not be what the node says of itself: a node that gives itself out for
/// another one would otherwise be handed tokens for that one.
/// </remarks>
/// <param name="chainId">The ledger.</param>
/// <param name="nodeDepartment">The department whose node is asked.</param>
/// <param name="signer">The officer's key.</param>
/// <param name="time">The clock; null: the system's.</param>
public sealed class ReadTokenFactory(Digest chainId, string nodeDepartment, ISigner signer, TimeProvider? time = null)
{
    /// <summary>How long each counts.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    /// <summary>A token for one call, as the header Authorization carries it.</summary>
    /// <exception cref="ArgumentException">The department's name is none.</exception>
    public string CreateHeader()
    {
        ulong nowMs = (ulong)(time ?? TimeProvider.System).GetUtcNow().ToUnixTimeMilliseconds();
        return "Bearer " + ReadToken.Issue(
            chainId, nodeDepartment, signer.PublicKey, nowMs, (uint)Lifetime.TotalMilliseconds,
            RandomNumberGenerator.GetBytes(Limits.NonceBytes), signer.Sign);
    }
}
