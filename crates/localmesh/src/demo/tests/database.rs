//! The database: what it is not, it says.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::town::{Agency, PATIENCE};

#[tokio::test]
async fn the_database_says_what_it_is_not_and_survives_nonsense() {
    let mut agency = Agency::empty();
    agency.start("mysqldb", 3306, &[]).await;
    let address = agency.town.address("mysqldb.travel-agency:3306");
    let ask = async |question: &[u8]| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(question).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
        let _ = read.await.expect("the connection ended");
        String::from_utf8(answer).unwrap()
    };
    assert_eq!(ask(&[b'x'; 4096]).await, "");
    assert!(ask(b"SELECT 1\n").await.contains("not MySQL"));
    assert!(ask(b"cities\n").await.starts_with("ok\t45\n"));
}
