using System.Reflection;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Core.Cryptography;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Keys.Tokens;

/// <summary>A token that fails on purpose: what no real one does when it is asked to.</summary>
internal sealed class FakeToken : IDisposable
{
    private readonly List<FakeSession> _sessions = [];
    private int _inside;

    /// <summary>The key in it.</summary>
    public PlatformSigner Key { get; } = PlatformSigner.Create();

    /// <summary>The public half that it claims.</summary>
    public PublicKey? Claimed { get; set; }

    /// <summary>What becomes of a right signature of the digest.</summary>
    public Func<Digest, byte[], byte[]> Answer { get; set; } = static (_, right) => right;

    /// <summary>What opening gives instead of a session; null: a session.</summary>
    public TokenException? Refusal { get; set; }

    /// <summary>Tries to open a session so far.</summary>
    public int Opened { get; private set; }

    /// <summary>Sessions that nobody has closed.</summary>
    public int Open => _sessions.Count(s => !s.Closed);

    /// <summary>Whether two signatures were ever asked for at a time.</summary>
    public bool WasShared { get; private set; }

    /// <summary>A signer with this token's key.</summary>
    public Pkcs11Signer Connect() => new(
        TokenUri.Parse("pkcs11:token=fake;object=key?module-path=/nowhere.so"), new Passphrase("1234"), () =>
        {
            Opened++;
            if (Refusal is not null)
                throw Refusal;
            ISession session = DispatchProxy.Create<ISession, FakeSession>();
            var fake = (FakeSession)(object)session;
            fake.Signs = Sign;
            _sessions.Add(fake);
            return new TokenKey(session, session.Factories.ObjectHandleFactory.Create(1), Claimed ?? Key.PublicKey, new MemoryStream());
        });

    public void Dispose() => Key.Dispose();

    private byte[] Sign(byte[] data)
    {
        WasShared |= Interlocked.Increment(ref _inside) > 1;
        try
        {
            var digest = new Digest(data);
            return Answer(digest, Key.Sign(digest).Span.ToArray());
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    /// <summary>What a session is asked for while signing.</summary>
    internal class FakeSession : DispatchProxy
    {
        private static readonly Pkcs11InteropFactories Factories = new();

        public Func<byte[], byte[]> Signs { get; set; } = null!;

        public bool Closed { get; private set; }

        protected override object? Invoke(MethodInfo? method, object?[]? arguments)
        {
            switch (method!.Name)
            {
                case $"get_{nameof(ISession.Factories)}":
                    return Factories;
                case nameof(ISession.Sign):
                    Assert.That(((IMechanism)arguments![0]!).Type, Is.EqualTo((ulong)CKM.CKM_ECDSA), "raw over the digest");
                    return Signs((byte[])arguments[2]!);
                case nameof(IDisposable.Dispose):
                    Closed = true;
                    return null;
                default:
                    throw new NotSupportedException(method.Name);
            }
        }
    }
}
