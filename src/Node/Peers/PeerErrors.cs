using System.Net.Sockets;
using System.Security.Authentication;
using GovChain.Node.Tls;
using Grpc.Core;

namespace GovChain.Node.Peers;

/// <summary>Says in a sentence, for status and log, why a stream is not up. What the platform says of itself is no sentence
/// for an operator: of that at most a name is kept.</summary>
internal static class PeerErrors
{
    private const string Closed = "The other side closed the connection; if that repeats, its log says why: perhaps it does not "
        + "know this node's key, or knows another one for its department.";

    public static string Describe(Exception exception)
    {
        if (exception is RpcException { StatusCode: not (StatusCode.Unavailable or StatusCode.Internal) } told)
        {
            return told.StatusCode switch
            {
                StatusCode.ResourceExhausted => "A frame is larger than either side accepts.",
                StatusCode.Cancelled => "The connection was closed.",
                StatusCode.Unknown => "The other side failed; its log says why.",
                _ => WordsOf(told),
            };
        }
        Exception cause = exception is RpcException { Status.DebugException: { } debug } ? debug : exception;
        while (cause.InnerException is not null)
            cause = cause.InnerException;
        return cause switch
        {
            OperationCanceledException or ObjectDisposedException => "The connection was closed.",
            SocketException socket => Describe(socket.SocketErrorCode),
            HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } or EndOfStreamException => Closed,
            HttpIOException broken => $"The connection broke ({broken.HttpRequestError}).",
            AuthenticationException => "TLS failed: one side refuses the other's certificate, and its log says why.",
            TimeoutException => "No answer came in time.",
            // Ours, and the other side's own words.
            PeerStalledException or PeerRefusedException or InvalidDataException => cause.Message,
            RpcException { StatusCode: StatusCode.Unavailable } rpc => WordsOf(rpc),
            _ => $"The connection broke ({cause.GetType().Name}).",
        };
    }

    private static string WordsOf(RpcException told) => told.Status.Detail.Trim() is { Length: > 0 } said
        ? said : $"The other side ended the stream without saying why ({told.StatusCode}); its log may.";

    private static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "Nothing listens there.",
        SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted => Closed,
        SocketError.TimedOut => "No answer from that address: is the machine up, does a firewall let the port through?",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "The host's name cannot be resolved.",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown =>
            "No way leads to that address.",
        _ => $"The connection broke ({error}).",
    };
}
